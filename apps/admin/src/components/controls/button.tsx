// Buttons, and links that look like them.
import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link } from 'wouter'
import { Icon, type IconName } from '../display/icon.tsx'

type Look = 'primary' | 'plain' | 'quiet' | 'danger'

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: Look
  readonly icon?: IconName
  /** At work: it cannot be pressed again, and says so. */
  readonly busy?: boolean
}

export function Button({ look = 'plain', icon, busy = false, children, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className={`button ${look} ${rest.className ?? ''}`}
      aria-busy={busy}
      disabled={busy || rest.disabled === true}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  )
}

interface ButtonLinkProps {
  readonly to: string
  readonly look?: Look
  readonly icon?: IconName
  readonly children: ReactNode
}

export function ButtonLink({ to, look = 'plain', icon, children }: ButtonLinkProps) {
  return (
    <Link to={to} className={`button ${look}`}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </Link>
  )
}
