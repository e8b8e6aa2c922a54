// What a view shows instead of content: a loading placeholder, an empty state, or an error.
import { WaybillError } from '@waybill/client'
import type { ReactNode } from 'react'
import { componentText } from '../../strings/components.ts'
import { connectionText } from '../../strings/connection.ts'
import { Button } from '../controls/button.tsx'

export function Loading() {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">{componentText.loading}</span>
      <span className="skeleton" />
      <span className="skeleton" />
      <span className="skeleton" />
    </div>
  )
}

interface EmptyStateProps {
  readonly title: string
  readonly text: string
  readonly children?: ReactNode
}

export function EmptyState({ title, text, children }: EmptyStateProps) {
  return (
    <div className="empty">
      <p className="title">{title}</p>
      <p>{text}</p>
      {children}
    </div>
  )
}

interface ErrorMessageProps {
  readonly error: Error
  readonly onRetry?: () => void
}

/** An error message, with the fields that the service rejected and a retry button. */
export function ErrorMessage({ error, onRetry }: ErrorMessageProps) {
  return (
    <div className="error-message" role="alert">
      <p>{describe(error)}</p>
      {error instanceof WaybillError && error.errors.length > 0 && (
        <ul>
          {error.errors.map(({ path, message }) => (
            <li key={path + message}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {onRetry !== undefined && (
        <Button icon="retry" onClick={onRetry}>
          {componentText.tryAgain}
        </Button>
      )}
    </div>
  )
}

function describe(error: Error): string {
  if (!(error instanceof WaybillError)) return componentText.unexpectedError(error.message)
  if (error.code === 'NETWORK') return connectionText.unreachable
  if (error.code === 'UNEXPECTED_ANSWER') return connectionText.unexplained(error.status ?? 0)
  return error.problem?.detail ?? error.message
}
