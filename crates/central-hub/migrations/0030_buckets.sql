-- SQLite's index gets the bucket of each message, as PostgreSQL's has it: without
-- it, a search of words that no message has together reads the whole index, in
-- whatever range it searches. The next start fills it again.
{new_sqlite_words}
