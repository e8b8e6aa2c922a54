-- The tables of GAME (a gamification engine) that the four datasets read, as its own migrations create them:
-- quoted camelCase columns, nullable created_at without a default, no index on created_at.
-- Written from the published models; the service reads these tables and never writes them.

CREATE TABLE IF NOT EXISTS apikey (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  "apiKey" varchar UNIQUE,            -- the public prefix of a key, e.g. gme_live_abc12345
  "apiKeyHash" varchar UNIQUE,
  client varchar,
  description varchar,
  active boolean,
  "createdBy" varchar,
  oauth_user_id varchar
);

CREATE TABLE IF NOT EXISTS oauthusers (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  provider varchar,
  provider_user_id varchar UNIQUE,
  status varchar,
  "apiKey_used" varchar REFERENCES apikey ("apiKey")
);

CREATE TABLE IF NOT EXISTS users (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  "externalUserId" varchar UNIQUE,
  "apiKey_used" varchar REFERENCES apikey ("apiKey"),
  oauth_user_id varchar REFERENCES oauthusers (provider_user_id)
);

CREATE TABLE IF NOT EXISTS games (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  "externalGameId" varchar UNIQUE,
  "strategyId" varchar NOT NULL DEFAULT 'default',
  platform varchar NOT NULL,
  "apiKey_used" varchar REFERENCES apikey ("apiKey"),
  oauth_user_id varchar REFERENCES oauthusers (provider_user_id)
);

CREATE TABLE IF NOT EXISTS tasks (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  "externalTaskId" varchar NOT NULL,  -- unique within a game only
  "gameId" uuid REFERENCES games (id),
  "strategyId" varchar NOT NULL DEFAULT 'default',
  status varchar NOT NULL DEFAULT 'open',
  "apiKey_used" varchar REFERENCES apikey ("apiKey"),
  oauth_user_id varchar REFERENCES oauthusers (provider_user_id)
);
CREATE INDEX IF NOT EXISTS ix_tasks_game_external_task ON tasks ("gameId", "externalTaskId");

CREATE TABLE IF NOT EXISTS userpoints (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  points integer,
  "caseName" varchar,
  "idempotencyKey" varchar,
  data jsonb,
  description varchar,
  "userId" uuid REFERENCES users (id),
  "taskId" uuid REFERENCES tasks (id),
  "apiKey_used" varchar REFERENCES apikey ("apiKey"),
  oauth_user_id varchar REFERENCES oauthusers (provider_user_id),
  CONSTRAINT uq_user_points_user_task_idempotency UNIQUE ("userId", "taskId", "idempotencyKey")
);
CREATE INDEX IF NOT EXISTS ix_user_points_task_user_created ON userpoints ("taskId", "userId", created_at);

CREATE TABLE IF NOT EXISTS useractions (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  "typeAction" varchar,
  data jsonb,
  description varchar,
  "userId" uuid REFERENCES users (id), -- may be null: the dataset keeps such rows (outer join)
  "apiKey_used" varchar REFERENCES apikey ("apiKey"),
  oauth_user_id varchar REFERENCES oauthusers (provider_user_id)
);

CREATE TABLE IF NOT EXISTS wallet (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  "coinsBalance" double precision,
  "pointsBalance" double precision,
  "conversionRate" integer,
  "userId" uuid NOT NULL UNIQUE REFERENCES users (id),
  "apiKey_used" varchar REFERENCES apikey ("apiKey"),
  oauth_user_id varchar REFERENCES oauthusers (provider_user_id)
);

CREATE TABLE IF NOT EXISTS wallettransactions (
  id uuid PRIMARY KEY,
  created_at timestamptz,
  updated_at timestamptz,
  "transactionType" varchar,          -- AssignPoints, ConvertPointsToCoins, …
  points integer,
  coins double precision,
  data jsonb,
  "appliedConversionRate" double precision,
  "walletId" uuid REFERENCES wallet (id),
  "apiKey_used" varchar REFERENCES apikey ("apiKey"),
  oauth_user_id varchar REFERENCES oauthusers (provider_user_id)
);
