-- The trail of exports becomes the trail of everything, and each event carries the hash of the one before.
ALTER TABLE "waybill"."export_events" RENAME TO "audit_events";
ALTER TABLE "waybill"."audit_events" RENAME CONSTRAINT "export_events_pkey" TO "audit_events_pkey";
ALTER TABLE "waybill"."audit_events" RENAME CONSTRAINT "export_events_export_id_fkey" TO "audit_events_export_id_fkey";
ALTER INDEX "waybill"."export_events_export_id_id_idx" RENAME TO "audit_events_export_id_id_idx";
ALTER TRIGGER "export_events_append_only" ON "waybill"."audit_events" RENAME TO "audit_events_append_only";

ALTER TABLE "waybill"."audit_events"
  ALTER COLUMN "id" DROP DEFAULT,
  ALTER COLUMN "export_id" DROP NOT NULL,
  ADD COLUMN "actor_id" TEXT,
  ADD COLUMN "address" TEXT,
  ADD COLUMN "user_agent" TEXT,
  ADD COLUMN "previous_hash" BYTEA,
  ADD COLUMN "hash" BYTEA;
DROP SEQUENCE "waybill"."export_events_id_seq";

-- CreateTable: one row, the last event of the chain. Removing the last events leaves it standing.
CREATE TABLE "waybill"."audit_head" (
    "id" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("id")
);

-- What is hashed: a JSON array of texts and nulls, as docs/audit.md has it. `npm run audit:verify` makes it anew.
CREATE FUNCTION "waybill"."audit_hash"(event "waybill"."audit_events") RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN sha256(convert_to(json_build_array(
  event.id::text, to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), event.type, event.actor,
  event.actor_id, event.address, event.user_agent, event.export_id::text, event.attempt::text, event.data::text,
  encode(event.previous_hash, 'hex'))::text, 'UTF8'));

-- The events that are there already are chained in the order of their ids.
DROP TRIGGER "audit_events_append_only" ON "waybill"."audit_events";
DO $$
DECLARE
  event "waybill"."audit_events";
  last "waybill"."audit_head" := ROW(0, decode(repeat('00', 32), 'hex'));
BEGIN
  FOR event IN SELECT * FROM "waybill"."audit_events" ORDER BY id LOOP
    event.previous_hash := last.hash;
    last := ROW(event.id, "waybill"."audit_hash"(event));
    UPDATE "waybill"."audit_events" SET previous_hash = event.previous_hash, hash = last.hash WHERE id = event.id;
  END LOOP;
  INSERT INTO "waybill"."audit_head" VALUES (last.*);
END
$$;

ALTER TABLE "waybill"."audit_events"
  ALTER COLUMN "previous_hash" SET NOT NULL,
  ALTER COLUMN "hash" SET NOT NULL;

-- CreateIndex
CREATE INDEX "audit_events_at_idx" ON "waybill"."audit_events"("at");

-- CreateIndex
CREATE INDEX "audit_events_type_id_idx" ON "waybill"."audit_events"("type", "id");

-- CreateIndex
CREATE INDEX "audit_events_actor_id_idx" ON "waybill"."audit_events"("actor", "id");

-- Append-only. Statement by statement, so that it does not matter whether a row is met.
CREATE OR REPLACE FUNCTION "waybill"."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER "audit_events_append_only"
  BEFORE UPDATE OR DELETE OR TRUNCATE ON "waybill"."audit_events"
  FOR EACH STATEMENT EXECUTE FUNCTION "waybill"."refuse_change"();

-- Also in a session that calls itself a replica. (The chain's own triggers stay ordinary ones, so that logical
-- replication copies the chain instead of making another.)
ALTER TABLE "waybill"."audit_events" ENABLE ALWAYS TRIGGER "audit_events_append_only";

-- Number, time and hash are the database's, whatever the INSERT says. The row lock on the head makes one event follow
-- the other; it is held until the transaction ends. By the index even where a planner would rather read the table: a
-- snapshot held for an hour keeps all versions of the row.
CREATE FUNCTION "waybill"."chain_event"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  head "waybill"."audit_head";
BEGIN
  SELECT * INTO STRICT head FROM "waybill"."audit_head" ORDER BY id DESC LIMIT 1 FOR UPDATE;
  NEW.id := head.id + 1;
  NEW.at := clock_timestamp();
  NEW.previous_hash := head.hash;
  NEW.hash := "waybill"."audit_hash"(NEW);
  UPDATE "waybill"."audit_head" SET id = NEW.id, hash = NEW.hash WHERE id = head.id;
  RETURN NEW;
END
$$;

CREATE TRIGGER "audit_events_chain"
  BEFORE INSERT ON "waybill"."audit_events"
  FOR EACH ROW EXECUTE FUNCTION "waybill"."chain_event"();

-- The head moves with an event and in no other way.
CREATE FUNCTION "waybill"."guard_head"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'audit_head moves with an event only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER "audit_head_guard"
  BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "waybill"."audit_head"
  FOR EACH STATEMENT EXECUTE FUNCTION "waybill"."guard_head"();
