-- The access rule of the dataset at the time of the request. It holds for the file when the dataset is no longer offered.
ALTER TABLE "waybill"."exports" ADD COLUMN "dataset_access" TEXT;

-- Finds the stored files of a caller, for MAX_STORED_BYTES.
CREATE INDEX "exports_requester_id_artifact_key_idx" ON "waybill"."exports"("requester_id", "artifact_key");
