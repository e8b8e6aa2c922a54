-- A key that is rotated may overlap with the one before for a while: both belong to one row, so to one caller.
ALTER TABLE "waybill"."api_keys"
  ADD COLUMN "previous_hash" TEXT,
  ADD COLUMN "previous_expires_at" TIMESTAMPTZ(6),
  ADD COLUMN "rotated_at" TIMESTAMPTZ(6);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_previous_hash_key" ON "waybill"."api_keys"("previous_hash");
