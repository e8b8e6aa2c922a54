-- Second form of the hash: it covers a salted digest of the personal fields instead of the fields. Erasing them and the salt
-- leaves the digest, so that the chain stays valid. Events of the first form have no digest.
ALTER TABLE "waybill"."audit_events"
  ADD COLUMN "salt" BYTEA,
  ADD COLUMN "digest" BYTEA;

CREATE FUNCTION "waybill"."audit_digest"(event "waybill"."audit_events") RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT sha256(convert_to(json_build_array(
  encode(event.salt, 'hex'), event.actor, event.actor_id, event.address, event.user_agent, event.data::text)::text, 'UTF8'))
$$;

-- As text instead of a parsed body, so that `npm run audit:verify` can compare it.
CREATE OR REPLACE FUNCTION "waybill"."audit_hash"(event "waybill"."audit_events") RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT sha256(convert_to((CASE WHEN event.digest IS NULL THEN json_build_array(
  event.id::text, to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), event.type, event.actor,
  event.actor_id, event.address, event.user_agent, event.export_id::text, event.attempt::text, event.data::text,
  encode(event.previous_hash, 'hex'))
ELSE json_build_array('2',
  event.id::text, to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), event.type,
  event.export_id::text, event.attempt::text, encode(event.digest, 'hex'), encode(event.previous_hash, 'hex'))
END)::text, 'UTF8'))
$$;

-- The salt and the digest are made before the head is locked, because other writers wait from then on.
CREATE OR REPLACE FUNCTION "waybill"."chain_event"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  head "waybill"."audit_head";
BEGIN
  NEW.salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
  NEW.digest := "waybill"."audit_digest"(NEW);
  SELECT * INTO STRICT head FROM "waybill"."audit_head" ORDER BY id DESC LIMIT 1 FOR UPDATE;
  NEW.id := head.id + 1;
  NEW.at := clock_timestamp();
  NEW.previous_hash := head.hash;
  NEW.hash := "waybill"."audit_hash"(NEW);
  UPDATE "waybill"."audit_head" SET id = NEW.id, hash = NEW.hash WHERE id = head.id;
  RETURN NEW;
END
$$;

-- Raises an error when a trigger or a rule has suppressed an event. The statement that wrote the event is rolled back.
CREATE FUNCTION "waybill"."require_events"(expected bigint, recorded bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF recorded IS DISTINCT FROM expected THEN
    RAISE EXCEPTION 'the audit trail has taken % of % events', recorded, expected USING ERRCODE = 'data_corrupted';
  END IF;
  RETURN true;
END
$$;

-- An erasure is the only UPDATE: waybill.erase_events sets "waybill.erasing", and the trigger on rows accepts nothing else.
CREATE OR REPLACE FUNCTION "waybill"."refuse_change"() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('waybill.erasing', true) = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION "waybill"."require_erasure"() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  erased "waybill"."audit_events" := OLD;
BEGIN
  erased.salt := NULL;
  erased.actor := 'erased';
  erased.actor_id := NULL;
  erased.address := NULL;
  erased.user_agent := NULL;
  erased.data := '{}';
  IF OLD.salt IS NULL OR OLD.type = 'audit.erased' OR NEW IS DISTINCT FROM erased THEN
    RAISE EXCEPTION 'audit_events is append-only: UPDATE refused' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER "audit_events_erasure"
  BEFORE UPDATE ON "waybill"."audit_events"
  FOR EACH ROW EXECUTE FUNCTION "waybill"."require_erasure"();
ALTER TABLE "waybill"."audit_events" ENABLE ALWAYS TRIGGER "audit_events_erasure";

-- Erases the personal fields of these events, and records which. Events of the first form, events that are erased already
-- and erasures are left out. Only the owner of the tables may call it.
CREATE FUNCTION "waybill"."erase_events"(ids bigint[], erased_by text, reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET "waybill.erasing" = 'on' AS $$
DECLARE
  erased bigint[];
  ranges jsonb;
BEGIN
  WITH done AS (
    UPDATE "waybill"."audit_events" SET salt = NULL, actor = 'erased', actor_id = NULL, address = NULL, user_agent = NULL,
      data = '{}' WHERE id = ANY (ids) AND salt IS NOT NULL AND type <> 'audit.erased' RETURNING id
  ) SELECT array_agg(id ORDER BY id) INTO erased FROM done;
  IF erased IS NULL THEN
    RETURN 0;
  END IF;
  SELECT jsonb_agg(jsonb_build_array(first, last) ORDER BY first) INTO ranges FROM (
    SELECT min(id) AS first, max(id) AS last FROM (
      SELECT id, id - row_number() OVER (ORDER BY id) AS island FROM unnest(erased) AS id) numbered GROUP BY island) islands;
  INSERT INTO "waybill"."audit_events" (type, actor, data)
    VALUES ('audit.erased', erased_by, jsonb_build_object('events', ranges, 'reason', reason));
  RETURN cardinality(erased);
END
$$;
REVOKE ALL ON FUNCTION "waybill"."erase_events"(bigint[], text, text) FROM PUBLIC;
