-- What a list was called, and its headings as a JSON array: for the file of its
-- rejected lines, to be mended.
ALTER TABLE campaign_imports ADD COLUMN file_name TEXT;
ALTER TABLE campaign_imports ADD COLUMN titles TEXT;

-- All cells of a rejected line, as a JSON array.
ALTER TABLE import_refusals ADD COLUMN cells TEXT;
