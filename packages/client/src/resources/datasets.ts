// `client.datasets`: the datasets that can be exported.
import type { DatasetBody } from '@waybill/shared/contract/datasets.ts'
import type { CallOptions, Transport } from '../http/transport.ts'

export function createDatasets(transport: Transport) {
  return {
    /** The datasets that the caller may export, with their columns, filters and formats. */
    async list({ signal }: CallOptions = {}): Promise<DatasetBody[]> {
      return (await transport.send<{ items: DatasetBody[] }>({ path: '/v1/datasets', signal })).body.items
    },
  }
}
