-- Example tables of a shop, a schema other than GAME's.
CREATE TYPE order_state AS ENUM ('open', 'paid', 'shipped', 'returned');

CREATE TABLE customers (
  id         uuid PRIMARY KEY,
  email      text NOT NULL UNIQUE,
  newsletter boolean NOT NULL DEFAULT false,
  born_on    date,
  joined_at  timestamptz NOT NULL
);

CREATE TABLE orders (
  id        bigint PRIMARY KEY,
  customer  uuid NOT NULL REFERENCES customers,
  placed_at timestamptz NOT NULL,
  state     order_state NOT NULL,
  total     numeric(14, 4) NOT NULL,
  items     jsonb NOT NULL
);
CREATE INDEX ON orders (placed_at, id);
