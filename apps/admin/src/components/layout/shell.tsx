// The frame around every view: navigation, the signed-in user, and sign-out.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { queries } from '../../data/queries.ts'
import { endSession } from '../../data/session.ts'
import { appText } from '../../strings/app.ts'
import { Button, ButtonLink } from '../controls/button.tsx'
import { Icon, type IconName } from '../display/icon.tsx'
import { Brand } from './brand.tsx'

interface NavItem {
  readonly to: string
  readonly label: string
  readonly icon: IconName
  readonly isFor: 'all' | 'admin'
}

const NAV_ITEMS: readonly NavItem[] = [
  { to: '/', label: appText.nav.exports, icon: 'exports', isFor: 'all' },
  { to: '/webhooks', label: appText.nav.webhooks, icon: 'webhooks', isFor: 'admin' },
  { to: '/keys', label: appText.nav.keys, icon: 'keys', isFor: 'admin' },
  { to: '/audit', label: appText.nav.audit, icon: 'audit', isFor: 'admin' },
  { to: '/health', label: appText.nav.health, icon: 'health', isFor: 'admin' },
]

export function Shell({ children }: { readonly children: ReactNode }) {
  const [path] = useLocation()
  const { data: me } = useQuery(queries.me())
  const client = useQueryClient()
  const isCurrent = (to: string) => (to === '/' ? path === '/' || path.startsWith('/exports') : path.startsWith(to))
  const signOut = () => {
    client.clear()
    endSession('left')
  }
  return (
    <div className="shell">
      <a className="skip" href="#main">
        {appText.skip}
      </a>
      <aside>
        <Brand />
        <ButtonLink to="/new" variant="primary" icon="plus">
          {appText.nav.newExport}
        </ButtonLink>
        <nav aria-label={appText.nav.label}>
          {NAV_ITEMS.filter(({ isFor }) => isFor === 'all' || me?.role === 'admin').map(({ to, label, icon }) => (
            <Link key={to} to={to} aria-current={isCurrent(to) ? 'page' : undefined}>
              <Icon name={icon} />
              {label}
            </Link>
          ))}
        </nav>
        <div className="who">
          {me !== undefined && (
            <span className="name">
              <strong>{me.name}</strong>
              <span>{appText.nav.role[me.role]}</span>
            </span>
          )}
          <Button
            variant="quiet"
            icon="leave"
            onClick={signOut}
            aria-label={appText.nav.signOut}
            title={appText.nav.signOut}
          />
        </div>
      </aside>
      {children}
    </div>
  )
}
