-- Sample rows for the tables of schema.sql, identical in each run.
INSERT INTO customers (id, email, newsletter, born_on, joined_at)
SELECT md5('customer ' || i)::uuid, 'customer' || i || '@example.com', i % 3 = 0,
  CASE WHEN i % 5 > 0 THEN date '1960-02-29' + i * 97 END,
  timestamptz '2025-01-01 09:00+00' + i * interval '7 hours 13 minutes 0.000123 seconds'
FROM generate_series(1, 200) AS i;

INSERT INTO orders (id, customer, placed_at, state, total, items)
SELECT 9007199254740990 + i, md5('customer ' || 1 + i % 200)::uuid,
  timestamptz '2026-01-01 00:00+00' + i * interval '1 hour 1 minute',
  (enum_range(NULL::order_state))[1 + i % 4], i * 12.3456,
  jsonb_build_array(jsonb_build_object('sku', 'A-' || i % 17, 'quantity', 1 + i % 4))
FROM generate_series(1, 1000) AS i;
