// An error boundary: a view that throws is replaced by an error message; the navigation keeps working.
import { Component, type ReactNode } from 'react'
import { appText } from '../../strings/app.ts'
import { ErrorMessage } from '../display/notice.tsx'
import { Page } from './page.tsx'

interface ErrorBoundaryProps {
  /** The address. When it changes, the error is cleared. */
  readonly place: string
  readonly children: ReactNode
}

interface ErrorBoundaryState {
  readonly error: Error | undefined
}

export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { error: undefined }

  static getDerivedStateFromError(thrown: unknown): ErrorBoundaryState {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }

  override componentDidUpdate(before: ErrorBoundaryProps): void {
    if (before.place !== this.props.place && this.state.error !== undefined) this.setState({ error: undefined })
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return (
      <Page title={appText.failed}>
        <ErrorMessage error={error} onRetry={() => this.setState({ error: undefined })} />
      </Page>
    )
  }
}
