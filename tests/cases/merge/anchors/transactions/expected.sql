-- packwright:begin a
CREATE SCHEMA x;
BEGIN;
INSERT INTO a;
COMMIT;
BEGIN;
INSERT INTO b;
COMMIT;
-- packwright:end a
