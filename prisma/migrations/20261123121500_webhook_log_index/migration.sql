-- The reconciler looks for old deliveries every round: it must not read the whole log for that.
-- CreateIndex
CREATE INDEX "webhook_deliveries_ended_at_idx" ON "waybill"."webhook_deliveries"("ended_at");
