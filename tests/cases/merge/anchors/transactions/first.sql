-- packwright:begin a
CREATE SCHEMA x;
BEGIN;
INSERT INTO a;
COMMIT;
-- packwright:end a
