// Downloads a file with one click: requests a new signed link, then follows it. The audit trail records the request.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '../api.ts'

export function useDownload(exportId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => api.exports.downloadLink(exportId),
    onSuccess: ({ url }) => {
      const link = document.createElement('a')
      link.href = url
      link.rel = 'noreferrer'
      document.body.append(link)
      link.click()
      link.remove()
      return client.invalidateQueries({ queryKey: ['events', exportId] })
    },
  })
}
