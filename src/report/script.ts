/** Sorts a table by the column whose heading is pressed; again for the other way round. Everything else in the report stands still. */
export const SCRIPT = `
document.addEventListener('click', event => {
  const button = event.target.closest('.opnorm table.sortable th button')
  if (!button) return
  const heading = button.parentElement
  const column = heading.cellIndex
  const down = heading.getAttribute('aria-sort') !== 'descending'
  for (const other of heading.parentElement.cells) other.setAttribute('aria-sort', 'none')
  heading.setAttribute('aria-sort', down ? 'descending' : 'ascending')
  const body = heading.closest('table').tBodies[0]
  const rows = [...body.rows]
  rows.sort((a, b) => {
    const [x, y] = [a.cells[column], b.cells[column]]
    const order = x.dataset.value ? x.dataset.value - y.dataset.value : x.textContent.localeCompare(y.textContent, 'en', { numeric: true })
    return down ? -order : order
  })
  body.append(...rows)
})
`
