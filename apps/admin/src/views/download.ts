// Downloads by one click: asks for a fresh link, then follows it. The service writes down that it was asked for.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '../api.ts'

export function useDownload(exportId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => api.downloadLink(exportId),
    onSuccess: (url) => {
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
