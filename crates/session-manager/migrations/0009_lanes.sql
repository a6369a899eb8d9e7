-- Whom a message goes to, by one of the person's addresses, whichever of them
-- was requested: sends to one person keep their order.
ALTER TABLE sends ADD COLUMN lane TEXT;

DROP INDEX sends_unsettled;
UPDATE sends SET lane = CASE
    WHEN recipient GLOB '54[1-3]*@c.us' AND LENGTH(recipient) = 17
        THEN '549' || SUBSTR(recipient, 3)
    WHEN recipient GLOB '55[1-9][1-9][6-9]*@c.us' AND LENGTH(recipient) = 17
        THEN SUBSTR(recipient, 1, 4) || '9' || SUBSTR(recipient, 5)
    WHEN recipient GLOB '521[2-9]*@c.us' AND LENGTH(recipient) = 18
        THEN '52' || SUBSTR(recipient, 4)
    ELSE recipient END;

CREATE INDEX sends_unsettled ON sends (lane) WHERE state IN ('sending', 'unconfirmed');
