// The name and the mark.
import mark from '../../icon.svg'
import { t } from '../../strings.ts'

export function Brand() {
  return (
    <span className="brand">
      <img src={mark} alt="" width="24" height="24" />
      {t.brand}
    </span>
  )
}
