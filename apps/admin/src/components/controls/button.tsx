// Buttons, and links with the same appearance.
import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link } from 'wouter'
import { Icon, type IconName } from '../display/icon.tsx'

type Variant = 'primary' | 'plain' | 'quiet' | 'danger'

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly variant?: Variant
  readonly icon?: IconName
  /** The action is running: the button is disabled and has `aria-busy`. */
  readonly busy?: boolean
}

export function Button({ variant = 'plain', icon, busy = false, children, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className={`button ${variant} ${rest.className ?? ''}`}
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
  readonly variant?: Variant
  readonly icon?: IconName
  readonly children: ReactNode
}

export function ButtonLink({ to, variant = 'plain', icon, children }: ButtonLinkProps) {
  return (
    <Link to={to} className={`button ${variant}`}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </Link>
  )
}
