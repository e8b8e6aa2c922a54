// The frame of a view: document title, heading, lead and actions.
import { type ReactNode, useEffect } from 'react'
import { appText } from '../../strings/app.ts'
import { Freshness } from '../display/freshness.tsx'
import { useHeadingFocus } from './use-heading-focus.ts'

interface PageProps {
  readonly title: string
  /** Shown before the document title, for example `42%`. */
  readonly tab?: string | undefined
  readonly lead?: ReactNode
  /** When the data was last refreshed, in milliseconds since 1970, for views that refresh by themselves. */
  readonly updatedAt?: number | undefined
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Page({ title, tab, lead, updatedAt, actions, children }: PageProps) {
  const heading = useHeadingFocus()
  useEffect(() => {
    document.title = [tab, title, appText.brand].filter((part) => part !== undefined).join(' · ')
  }, [tab, title])
  return (
    <main id="main">
      <header className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead !== undefined && <div className="lead">{lead}</div>}
          {updatedAt !== undefined && <Freshness updatedAt={updatedAt} />}
        </div>
        {actions !== undefined && <div className="actions">{actions}</div>}
      </header>
      {children}
    </main>
  )
}
