-- The ledger: exports, their append-only trail, and the keys of those who may ask.
CREATE SCHEMA IF NOT EXISTS "waybill";

-- CreateEnum
CREATE TYPE "waybill"."export_status" AS ENUM ('queued', 'running', 'completed', 'failed', 'canceled', 'expired');

-- CreateEnum
CREATE TYPE "waybill"."lane" AS ENUM ('small', 'large');

-- CreateEnum
CREATE TYPE "waybill"."role" AS ENUM ('admin', 'exporter');

-- CreateTable
CREATE TABLE "waybill"."exports" (
    "id" UUID NOT NULL,
    "dataset" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "filters" JSONB NOT NULL DEFAULT '{}',
    "columns" TEXT[],
    "row_limit" INTEGER,
    "compression" TEXT NOT NULL DEFAULT 'none',
    "csv" JSONB NOT NULL DEFAULT '{}',
    "filename" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "status" "waybill"."export_status" NOT NULL DEFAULT 'queued',
    "lane" "waybill"."lane" NOT NULL,
    "requester_id" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "idempotency_key" TEXT,
    "idempotency_hash" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lost" INTEGER NOT NULL DEFAULT 0,
    "attempt_token" UUID,
    "heartbeat_at" TIMESTAMPTZ(6),
    "rows" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "estimated_rows" BIGINT,
    "artifact_key" TEXT,
    "row_count" BIGINT,
    "sha256" TEXT,
    "truncated" BOOLEAN NOT NULL DEFAULT false,
    "warnings" JSONB NOT NULL DEFAULT '[]',
    "snapshot_at" TIMESTAMPTZ(6),
    "error_code" TEXT,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(6),
    "finished_at" TIMESTAMPTZ(6),
    "expires_at" TIMESTAMPTZ(6),

    CONSTRAINT "exports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "waybill"."uploads" (
    "token" UUID NOT NULL,
    "export_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "upload_id" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "swept_at" TIMESTAMPTZ(6),

    CONSTRAINT "uploads_pkey" PRIMARY KEY ("token")
);

-- CreateTable
CREATE TABLE "waybill"."export_events" (
    "id" BIGSERIAL NOT NULL,
    "export_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "attempt" INTEGER,
    "data" JSONB NOT NULL DEFAULT '{}',
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "export_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "waybill"."api_keys" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "role" "waybill"."role" NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "datasets" TEXT[],
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(6),
    "revoked_at" TIMESTAMPTZ(6),
    "last_used_at" TIMESTAMPTZ(6),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "exports_requester_id_id_idx" ON "waybill"."exports"("requester_id", "id" DESC);

-- CreateIndex
CREATE INDEX "exports_status_id_idx" ON "waybill"."exports"("status", "id");

-- CreateIndex
CREATE UNIQUE INDEX "exports_requester_id_idempotency_key_key" ON "waybill"."exports"("requester_id", "idempotency_key");

-- CreateIndex
CREATE INDEX "export_events_export_id_id_idx" ON "waybill"."export_events"("export_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_hash_key" ON "waybill"."api_keys"("hash");

-- AddForeignKey
ALTER TABLE "waybill"."export_events" ADD CONSTRAINT "export_events_export_id_fkey" FOREIGN KEY ("export_id") REFERENCES "waybill"."exports"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- The trail is append-only: not even the service may change what it has said.
CREATE FUNCTION "waybill"."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'export_events is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER "export_events_append_only"
  BEFORE UPDATE OR DELETE OR TRUNCATE ON "waybill"."export_events"
  FOR EACH STATEMENT EXECUTE FUNCTION "waybill"."refuse_change"();
