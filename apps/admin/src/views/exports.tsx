// The list of exports, with filters. It refreshes while an export is queued or running.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { Button, ButtonLink } from '../components/controls/button.tsx'
import { EmptyState, ErrorMessage, Loading } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { appText } from '../strings/app.ts'
import { listText } from '../strings/export-list.ts'
import { CancelDialog } from './cancel-dialog.tsx'
import { isActive, tabOf } from './export-state.ts'
import { ExportRow } from './exports/export-row.tsx'
import { apiQuery, readFilter } from './exports/filter.ts'
import { FilterBar } from './exports/filter-bar.tsx'

export function Exports() {
  const [parameters, setParameters] = useSearchParams()
  const [canceling, setCanceling] = useState<string>()
  const { data: me } = useQuery(queries.me())
  const { data: datasets = [] } = useQuery(queries.datasets())
  const canSeeAll = me?.role === 'admin'
  const filter = readFilter(parameters)
  const cursor = parameters.get('cursor')
  const query = canSeeAll ? { scope: 'all', ...filter } : filter
  const list = useQuery({ ...queries.exports(apiQuery(query, cursor)), enabled: me !== undefined })
  const active = list.data?.items.filter(isActive) ?? []
  const older = list.data?.nextCursor ?? null
  const titleOf = (name: string) => datasets.find((dataset) => dataset.name === name)?.title ?? name
  const isFiltered = Object.keys(filter).length > 0
  const go = (change: (next: URLSearchParams) => void) =>
    setParameters((before) => {
      const next = new URLSearchParams(before)
      next.delete('cursor')
      change(next)
      return next
    })

  return (
    <Page title={listText.title} tab={active[0] && tabOf(active[0])} updatedAt={list.dataUpdatedAt}>
      <FilterBar
        filter={filter}
        canSeeAll={canSeeAll}
        onChange={(name, value) => go((next) => (value === '' ? next.delete(name) : next.set(name, value)))}
        onClear={() => setParameters(new URLSearchParams())}
      />
      {list.error !== null && list.data === undefined ? (
        <ErrorMessage error={list.error} onRetry={() => void list.refetch()} />
      ) : list.data === undefined ? (
        <Loading />
      ) : list.data.items.length === 0 ? (
        <EmptyState {...(isFiltered ? listText.noMatch : listText.empty)}>
          {isFiltered ? (
            <Button onClick={() => setParameters(new URLSearchParams())}>{listText.filters.clear}</Button>
          ) : (
            <ButtonLink to="/new" variant="primary" icon="plus">
              {appText.nav.newExport}
            </ButtonLink>
          )}
        </EmptyState>
      ) : (
        <table className="rows exports" aria-busy={list.isPlaceholderData}>
          <caption className="visually-hidden">{listText.caption}</caption>
          <thead>
            <tr>
              <th scope="col">{listText.columns.export}</th>
              <th scope="col">{listText.columns.status}</th>
              <th scope="col" className="number">
                {listText.columns.rows}
              </th>
              <th scope="col" className="number">
                {listText.columns.size}
              </th>
              <th scope="col">{listText.columns.by}</th>
              <th scope="col">{listText.columns.at}</th>
              <th scope="col">
                <span className="visually-hidden">{listText.columns.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.data.items.map((record) => (
              <ExportRow
                key={record.id}
                record={record}
                title={titleOf(record.dataset)}
                onCancel={() => setCanceling(record.id)}
              />
            ))}
          </tbody>
        </table>
      )}
      <div className="pages">
        {cursor !== null && <Button onClick={() => go(() => undefined)}>{listText.newest}</Button>}
        {older !== null && <Button onClick={() => go((next) => next.set('cursor', older))}>{listText.older}</Button>}
      </div>
      {canceling !== undefined && <CancelDialog exportId={canceling} onClose={() => setCanceling(undefined)} />}
    </Page>
  )
}
