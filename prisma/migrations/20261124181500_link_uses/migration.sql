-- One event per caller, export and link period: the links that a caller got in its latest period.
CREATE TABLE "waybill"."link_uses" (
    "export_id" UUID NOT NULL,
    "actor_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "starts_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "ends_at" TIMESTAMPTZ(6) NOT NULL,
    "repeats" BIGINT NOT NULL DEFAULT 0,
    "repeats_before" BIGINT NOT NULL DEFAULT 0,
    "last_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),

    CONSTRAINT "link_uses_pkey" PRIMARY KEY ("export_id", "actor_id", "type")
);

-- AddForeignKey
ALTER TABLE "waybill"."link_uses" ADD CONSTRAINT "link_uses_export_id_fkey" FOREIGN KEY ("export_id") REFERENCES "waybill"."exports"("id") ON DELETE CASCADE ON UPDATE RESTRICT;
