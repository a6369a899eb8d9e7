# q old=new[,..] : rename everywhere in the hub where the identifiers occur
p="$1"; shift; scope="${*:-crates/central-hub/src crates/central-hub/tests crates/central-hub/benches}"
pat=$(echo "$p" | sed 's/=[^,]*//g; s/,/|/g')
files=$(grep -rlwE "$pat" $scope --include=*.rs)
for f in $files; do grep -nwE "$pat" $f | sed "s#^#$f:#" | cut -c1-150; done
python3 ./.ren.py "$p" $files | tail -1
