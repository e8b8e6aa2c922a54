// An error boundary: a view that throws is replaced by an error message; the navigation keeps working.
import { Component, type ReactNode } from 'react'
import { appText } from '../../strings/app.ts'
import { Fault } from '../display/notice.tsx'
import { Page } from './page.tsx'

interface BoundaryProps {
  /** The address. When it changes, the error is cleared. */
  readonly place: string
  readonly children: ReactNode
}

interface BoundaryState {
  readonly error: Error | undefined
}

export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: undefined }

  static getDerivedStateFromError(thrown: unknown): BoundaryState {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }

  override componentDidUpdate(before: BoundaryProps): void {
    if (before.place !== this.props.place && this.state.error !== undefined) this.setState({ error: undefined })
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return (
      <Page title={appText.failed}>
        <Fault error={error} onRetry={() => this.setState({ error: undefined })} />
      </Page>
    )
  }
}
