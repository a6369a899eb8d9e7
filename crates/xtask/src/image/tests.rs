//! What the container files say, held against what the code says.
