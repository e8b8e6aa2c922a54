-- Generates rows for GAME's tables: mostly ordinary ones, and among them what breaks exports.
--
-- The number of user points is in the setting sample.rows. The same number gives the same rows, always:
-- ids are hashes, "random" values come from seeded hashes of the row's number. Run by sample.ts, in one
-- transaction.

-- The functions are written such that Postgres inlines them: nothing in them is more volatile than they say
-- they are (so n::text, as text || bigint counts as stable). It makes the difference between 1 s and 3 s.

-- 63 bits that depend on nothing but the row's number and the seed.
CREATE FUNCTION pg_temp.dice(n bigint, seed bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
  AS $$ SELECT hashint8extended(n, seed) & 9223372036854775807 $$;

CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT md5(kind || ':' || n::text)::uuid $$;

-- The n-th of the texts that files, spreadsheets and terminals trip over; 40 of them.
CREATE FUNCTION pg_temp.nasty(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT (ARRAY[
    'said "hello", then left', 'comma, semicolon; pipe| and tab' || chr(9) || 'end', '"', '""quoted""',
    E'first line\nsecond line', E'first line\r\nsecond line', E'trailing line break\n', E'carriage\rreturn',
    'well done 🎉👩‍👩‍👧‍👦🇺🇾', 'ünïcödé ñandú 漢字 かな', 'مرحبا بالعالم', E'abc\u202Edef\u200Bghi',
    '=SUM(A1:A9)', '+1', '-1', '@x', '=cmd|'' /C calc''!A0', '=HYPERLINK("http://example.org/?"&A1,"x")',
    chr(9) || '=1+1', chr(13) || '=1+1', chr(10) || '=1+1', '＝1+1', ' =1+1', '-12.5 degrees',
    'control ' || chr(1) || chr(11) || chr(31) || chr(127) || ' characters', 'not a character ' || chr(65535),
    '_x0041_ and _x000D_', E'\\u0041 \\n \\', '%s %d ${HOME} $(id) `id`', '<b>bold</b> & &amp; ]]>',
    '''; DROP TABLE users; --', ' leading and trailing ', '', 'NULL', 'true', '007', '1e5', '2026-02-30',
    '12345678901234567890', E'\uFEFFmark'
  ])[1 + n % 40]
$$;

CREATE FUNCTION pg_temp.nasty_json(n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT (ARRAY[
    '{"amount": 123456789012345678901234567890, "ratio": 0.1234567890123456789012345678901}',
    '{"nested": {"list": [1, "two", null, {"three": [[]]}], "empty": {}}, "with \"quotes\"": "a, b\nc"}',
    '{"note": "\u2028\u00e9\ud83c\udf89 \u0001", "формула": "=1+1"}',
    'null', '[]', '{}', '"only text, with \"quotes\""', '-0.0', '1e100', '[true, false, 9007199254740993]'
  ]::jsonb[])[1 + n % 10]
$$;

-- How often something odd is among n rows: every 40th, but often enough that each kind is among a few rows.
CREATE FUNCTION pg_temp.oddity(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
  AS $$ SELECT greatest(1, least(40, n / 41)) $$;

-- Half a year from 2026-01-01 on, with microseconds and a little out of order; one in twenty at one and the
-- same moment, one in 500 without a time.
CREATE FUNCTION pg_temp.moment(i bigint, n bigint, seed bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN i % 20 = 13 THEN timestamptz '2026-03-15 12:00:00.123456+00'
    WHEN i % 500 = 11 THEN NULL
    WHEN i % 100 = 50 THEN timestamptz '2026-01-01 00:00:00+00' + make_interval(secs => 15552000 * i / n)
    ELSE timestamptz '2026-01-01 00:00:00+00' + make_interval(secs => 15552000 * (i::float8 / n)
      + (pg_temp.dice(i, seed) % 3600000000) / 1e6::float8)
  END
$$;

INSERT INTO apikey (id, created_at, updated_at, "apiKey", "apiKeyHash", client, description, active, "createdBy")
SELECT pg_temp.id('apikey', i), timestamptz '2025-12-01 09:00:00+00', NULL,
       'gme_live_' || substr(md5('key' || i), 1, 8), md5('hash' || i), 'client-' || i, 'Key of client ' || i, i < 5, 'admin'
  FROM generate_series(1, 5) i;

INSERT INTO oauthusers (id, created_at, updated_at, provider, provider_user_id, status, "apiKey_used")
SELECT pg_temp.id('oauthuser', i), timestamptz '2025-12-01 09:00:00+00', NULL, 'keycloak',
       pg_temp.id('subject', i)::text, 'active', NULL
  FROM generate_series(1, 5) i;

INSERT INTO games (id, created_at, updated_at, "externalGameId", "strategyId", platform, "apiKey_used")
SELECT pg_temp.id('game', i), timestamptz '2025-12-02 10:00:00+00' + i * interval '1 hour', NULL,
       CASE i WHEN 20 THEN 'juego "20", été; ゲーム' ELSE 'game-' || i END,
       CASE i % 3 WHEN 0 THEN 'constantEffortStrategy' ELSE 'default' END,
       (ARRAY['web', 'mobile', 'moodle'])[1 + i % 3], 'gme_live_' || substr(md5('key' || (1 + i % 5)), 1, 8)
  FROM generate_series(1, 20) i;

-- Names of tasks are unique within a game only: every game has a "task-1".
INSERT INTO tasks (id, created_at, updated_at, "externalTaskId", "gameId", "strategyId", status, "apiKey_used")
SELECT pg_temp.id('task', i), timestamptz '2025-12-03 10:00:00+00' + i * interval '1 minute', NULL,
       CASE WHEN i % 10 = 9 THEN E'task, "10"\n=final' ELSE 'task-' || (1 + i % 10) END,
       pg_temp.id('game', 1 + i / 10), 'default', CASE WHEN i % 17 = 0 THEN 'closed' ELSE 'open' END,
       'gme_live_' || substr(md5('key' || (1 + i % 5)), 1, 8)
  FROM generate_series(0, 199) i;

INSERT INTO users (id, created_at, updated_at, "externalUserId", "apiKey_used", oauth_user_id)
SELECT pg_temp.id('user', i), at, at + interval '36 hours 1 microsecond',
       CASE WHEN i % pg_temp.oddity(n) = 7 % pg_temp.oddity(n)
            THEN pg_temp.nasty(i / pg_temp.oddity(n)) || ' #' || i
            ELSE (ARRAY['ana', 'bruno', 'chloé', 'dmitri', 'emi', 'farid', 'grace', 'hugo'])[1 + d % 8]
                 || '.' || i || '@example.org' END,
       CASE WHEN i % 9 <> 0 THEN 'gme_live_' || substr(md5('key' || (1 + d % 5)), 1, 8) END,
       CASE WHEN i % 9 = 0 THEN pg_temp.id('subject', 1 + d % 5)::text END
  FROM (SELECT current_setting('sample.rows')::bigint / 10 + 10 AS n) size,
       LATERAL generate_series(1, n) i,
       LATERAL (SELECT pg_temp.dice(i, 1) AS d, pg_temp.moment(i, n, 2) AS at) row;

-- The big table without its keys and indexes while it is filled, as that takes half the time; then with the
-- very same ones again.
CREATE TEMPORARY TABLE waybill_set_aside ON COMMIT DROP AS
  SELECT format('ALTER TABLE userpoints DROP CONSTRAINT %I', conname) AS remove,
         format('ALTER TABLE userpoints ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS restore
    FROM pg_constraint WHERE conrelid = 'userpoints'::regclass AND contype IN ('p', 'u')
  UNION ALL
  SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid = 'userpoints'::regclass
     AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);
DO $$ DECLARE command text; BEGIN
  FOR command IN SELECT remove FROM waybill_set_aside LOOP EXECUTE command; END LOOP;
END $$;

-- Users differ in how active they are: the square makes a quarter of them earn half of the points.
INSERT INTO userpoints (id, created_at, updated_at, points, "caseName", "idempotencyKey", data, description,
                        "userId", "taskId", "apiKey_used", oauth_user_id)
SELECT pg_temp.id('userpoints', i), at, CASE WHEN i % 3 = 0 THEN at + interval '5 minutes' END,
       CASE WHEN i % 200 = 17 THEN (ARRAY[0, -1, -250, 2147483647, -2147483648, NULL])[1 + i / 200 % 6]
            ELSE 1 + d % 100 END,
       CASE WHEN i % odd = 3 % odd THEN pg_temp.nasty(i / odd)
            ELSE (ARRAY['WelcomeBonus', 'DailyLogin', 'QuestCompleted', 'StreakBonus', 'PeerReview', 'LevelUp',
                        'Referral', 'WeeklyChallenge', NULL])[1 + (d >> 8) % 9] END,
       CASE WHEN i % 50000 = 25 THEN '' WHEN i % 4 = 1 THEN NULL ELSE 'req-' || i || '-' || (d % 1000000) END,
       CASE WHEN i % odd = 1 % odd THEN pg_temp.nasty_json(i / odd)
            WHEN i % 7 <> 0 THEN format('{"device": "%s", "streak": %s, "tags": ["%s"], "ratio": 0.%s}',
              (ARRAY['mobile', 'web', 'kiosk'])[1 + (d >> 20) % 3], (d >> 24) % 30,
              (ARRAY['daily', 'team', 'bonus', 'eco'])[1 + (d >> 30) % 4], 10 + (d >> 34) % 90)::jsonb END,
       CASE WHEN i % odd = 0 THEN pg_temp.nasty(i / odd)
            WHEN i = 2 * odd + 1 THEN repeat('long text, "quoted" ü' || chr(10), 2000)
            WHEN i % 5 = 0 THEN ''
            WHEN i % 5 = 1 THEN NULL
            ELSE format('Finished step %s of level %s', 1 + (d >> 12) % 12, 1 + (d >> 16) % 40) END,
       pg_temp.id('user', 1 + floor(users * power((d % 1000003) / 1000003::float8, 2))::bigint),
       pg_temp.id('task', (d >> 40) % 200),
       CASE WHEN i % 11 <> 0 THEN 'gme_live_' || substr(md5('key' || (1 + (d >> 44) % 5)), 1, 8) END,
       CASE WHEN i % 11 = 0 THEN pg_temp.id('subject', 1 + (d >> 44) % 5)::text END
  FROM (SELECT rows AS n, rows / 10 + 10 AS users, pg_temp.oddity(rows) AS odd
          FROM (SELECT current_setting('sample.rows')::bigint AS rows) setting) size,
       LATERAL generate_series(1, n) i,
       LATERAL (SELECT pg_temp.dice(i, 3) AS d, pg_temp.moment(i, n, 4) AS at) row;

SET LOCAL maintenance_work_mem = '256MB';
DO $$ DECLARE command text; BEGIN
  FOR command IN SELECT restore FROM waybill_set_aside LOOP EXECUTE command; END LOOP;
END $$;

-- Some actions have no user. The dataset contains them.
INSERT INTO useractions (id, created_at, updated_at, "typeAction", data, description, "userId", "apiKey_used")
SELECT pg_temp.id('useraction', i), at, NULL,
       CASE WHEN i % odd = 3 % odd THEN pg_temp.nasty(i / odd)
            ELSE (ARRAY['login', 'click', 'view', 'submit', 'share', 'logout'])[1 + d % 6] END,
       CASE WHEN i % odd = 1 % odd THEN pg_temp.nasty_json(i / odd)
            WHEN i % 4 <> 0 THEN format('{"page": "/courses/%s", "ms": %s}', (d >> 8) % 500, (d >> 20) % 90000)::jsonb END,
       CASE WHEN i % odd = 0 THEN pg_temp.nasty(i / odd)
            WHEN i = 2 * odd + 1 THEN repeat('🎉 long', 6000)
            WHEN i % 3 = 0 THEN '' WHEN i % 3 = 1 THEN NULL
            ELSE 'Opened page ' || (d >> 8) % 500 END,
       CASE WHEN i % 13 <> 0 THEN pg_temp.id('user', 1 + d % users) END,
       'gme_live_' || substr(md5('key' || (1 + (d >> 44) % 5)), 1, 8)
  FROM (SELECT rows / 5 + 1 AS n, rows / 10 + 10 AS users, pg_temp.oddity(rows / 5 + 1) AS odd
          FROM (SELECT current_setting('sample.rows')::bigint AS rows) setting) size,
       LATERAL generate_series(1, n) i,
       LATERAL (SELECT pg_temp.dice(i, 5) AS d, pg_temp.moment(i, n, 6) AS at) row;

INSERT INTO wallet (id, created_at, updated_at, "coinsBalance", "pointsBalance", "conversionRate", "userId")
SELECT pg_temp.id('wallet', i), pg_temp.moment(i, n, 2), NULL, (d % 100000) / 100.0, (d >> 20) % 10000, 550,
       pg_temp.id('user', i)
  FROM (SELECT current_setting('sample.rows')::bigint / 10 + 10 AS n) size,
       LATERAL generate_series(1, n) i,
       LATERAL (SELECT pg_temp.dice(i, 7) AS d) row;

INSERT INTO wallettransactions (id, created_at, updated_at, "transactionType", points, coins, data,
                                "appliedConversionRate", "walletId", "apiKey_used")
SELECT pg_temp.id('wallettransaction', i), at, NULL,
       CASE WHEN i % odd = 3 % odd THEN pg_temp.nasty(i / odd)
            ELSE (ARRAY['AssignPoints', 'ConvertPointsToCoins', 'ConvertPointsToCoinsPreview'])[1 + d % 3] END,
       CASE WHEN i % 100 = 17 THEN NULL ELSE (d >> 8) % 1000 - 200 END,
       CASE WHEN i % odd = 2 % odd THEN (ARRAY['NaN', 'Infinity', '-Infinity', '-12.5', '1e300', '0.1', '0', '-0',
              '5e-324', '0.30000000000000004', '9007199254740993', '1e-7', '123456789.125', NULL]::float8[])[1 + i / odd % 14]
            ELSE ((d >> 16) % 100000) / 100.0 END,
       CASE WHEN i % odd = 1 % odd THEN pg_temp.nasty_json(i / odd)
            WHEN i % 5 <> 0 THEN format('{"from": "points", "rate": %s, "batch": %s}', 500 + d % 100, (d >> 30) % 4000)::jsonb END,
       CASE WHEN i % 2 = 0 THEN 550.5 END,
       pg_temp.id('wallet', 1 + d % users), 'gme_live_' || substr(md5('key' || (1 + (d >> 44) % 5)), 1, 8)
  FROM (SELECT rows / 4 + 1 AS n, rows / 10 + 10 AS users, pg_temp.oddity(rows / 4 + 1) AS odd
          FROM (SELECT current_setting('sample.rows')::bigint AS rows) setting) size,
       LATERAL generate_series(1, n) i,
       LATERAL (SELECT pg_temp.dice(i, 8) AS d, pg_temp.moment(i, n, 9) AS at) row;

ANALYZE apikey, oauthusers, users, games, tasks, userpoints, useractions, wallet, wallettransactions;
