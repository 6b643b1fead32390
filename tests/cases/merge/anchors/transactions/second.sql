-- packwright:begin a
CREATE SCHEMA x;
BEGIN;
INSERT INTO b;
COMMIT;
-- packwright:end a
