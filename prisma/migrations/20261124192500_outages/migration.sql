-- Exports wait for a dependency that is unavailable, without spending an attempt. The previous version ignores these columns.
ALTER TABLE "waybill"."exports" ADD COLUMN "waiting_for" TEXT, ADD COLUMN "next_attempt_at" TIMESTAMPTZ(6),
    ADD COLUMN "outages" INTEGER NOT NULL DEFAULT 0, ADD COLUMN "owner_session" TEXT;

-- Which dependencies a worker cannot reach.
ALTER TABLE "waybill"."workers" ADD COLUMN "unavailable" TEXT[] NOT NULL DEFAULT '{}';
