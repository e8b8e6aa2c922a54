-- How often an upload was swept: at once, a little later, and much later, as requests that were given up may come late.
ALTER TABLE "waybill"."uploads" ADD COLUMN "sweeps" INTEGER NOT NULL DEFAULT 0;
UPDATE "waybill"."uploads" SET "sweeps" = 1 WHERE "swept_at" IS NOT NULL;
