/** A line of a plot. */
export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
  /** Drawn thicker. */
  readonly isMain: boolean
}

/** Size of the drawing and of its margins, in SVG units. */
const WIDTH = 720
const HEIGHT = 420
const MARGIN = { top: 40, right: 120, bottom: 46, left: 70 }

/** Told apart also by people who see few colours; on white, whatever the page's theme. */
const COLOURS = [
  '#d6221f',
  '#1f77b4',
  '#2ca02c',
  '#9467bd',
  '#8c564b',
  '#e377c2',
  '#7f7f7f',
  '#bcbd22',
  '#17becf',
  '#ff7f0e',
  '#393b79',
]

/** Draws lines over two logarithmic axes, as a whole SVG file. Points must be positive. */
export function drawPlot(title: string, yLabel: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points)
  const toX = createScale(
    points.map(({ x }) => x),
    MARGIN.left,
    WIDTH - MARGIN.right,
  )
  const toY = createScale(
    points.map(({ y }) => y),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  )
  const xTicks = [...new Set(points.map(({ x }) => x))]
  const bottom = HEIGHT - MARGIN.bottom
  const right = WIDTH - MARGIN.right
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(MARGIN.left, 22, title, 'font-weight="bold" font-size="14"'),
    ...powersOfTen(points.map(({ y }) => y)).flatMap((y) => [
      `<path d="M${MARGIN.left} ${fix(toY(y))}H${right}" stroke="#ddd"/>`,
      text(MARGIN.left - 6, toY(y) + 4, y.toLocaleString('en'), 'text-anchor="end"'),
    ]),
    ...xTicks.map((x) => text(toX(x), bottom + 18, x.toLocaleString('en'), 'text-anchor="middle"')),
    text(MARGIN.left, HEIGHT - 8, `records →     ↑ ${yLabel}, both axes logarithmic`, 'fill="#555"'),
    `<path d="M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}" fill="none" stroke="#333"/>`,
    ...lines.flatMap((line, index) => drawLine(line, COLOURS[index % COLOURS.length] ?? '#000', toX, toY)),
    ...drawLegend(lines, toY),
    '</svg>',
    '',
  ].join('\n')
}

type Scale = (value: number) => number

/** From a logarithm to a length; a single value lies in the middle. */
function createScale(values: readonly number[], from: number, to: number): Scale {
  const logs = values.map(Math.log10)
  const low = Math.min(...logs)
  const span = Math.max(...logs) - low
  return (value) => (span === 0 ? (from + to) / 2 : from + ((Math.log10(value) - low) / span) * (to - from))
}

function powersOfTen(values: readonly number[]): number[] {
  const low = Math.ceil(Math.log10(Math.min(...values)))
  const high = Math.floor(Math.log10(Math.max(...values)))
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, index) => 10 ** (low + index))
}

function drawLine({ points, isMain }: Line, colour: string, toX: Scale, toY: Scale): string[] {
  const path = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${fix(toX(x))} ${fix(toY(y))}`).join('')
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${isMain ? 4 : 1.5}"/>`,
    ...points.map(({ x, y }) => `<circle cx="${fix(toX(x))}" cy="${fix(toY(y))}" r="3" fill="${colour}"/>`),
  ]
}

/** Names beside the ends of their lines, moved apart where they would lie on each other. */
function drawLegend(lines: readonly Line[], toY: Scale): string[] {
  const lineHeight = 14
  let lowest = -Infinity
  return lines
    .map((line, index) => ({ line, index, y: toY(line.points.at(-1)?.y ?? 1) + 4 }))
    .toSorted((a, b) => a.y - b.y)
    .map(({ line, index, y }) => {
      lowest = Math.max(y, lowest + lineHeight)
      const weight = line.isMain ? ' font-weight="bold"' : ''
      return text(
        WIDTH - MARGIN.right + 10,
        lowest,
        line.name,
        `fill="${COLOURS[index % COLOURS.length] ?? '#000'}"${weight}`,
      )
    })
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${fix(x)}" y="${fix(y)}" ${attributes}>${escapeText(content)}</text>`
}

function fix(value: number): string {
  return value.toFixed(1)
}

function escapeText(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
