import type { Place } from '../schema.ts'

/** Draws the world from places: nothing but their positions, and a mark where the chosen one is. */
export interface World {
  readonly setPlaces: (places: readonly Place[]) => void
  readonly setChosen: (place: Place | null) => void
}

/** Latitudes drawn: there is nobody beyond. */
const NORTH = 78
const SOUTH = -57

/** A map that draws itself into the canvas `#world` whenever there is something new, and when the page is resized or changes colours. */
export function createWorld(): World {
  let places: readonly Place[] = []
  let chosen: Place | null = null
  let isScheduled = false
  /** False while there is no canvas, or one that is not shown. */
  let isDrawn = false
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    requestAnimationFrame(() => {
      isScheduled = false
      const canvas = document.querySelector<HTMLCanvasElement>('#world')
      isDrawn = canvas !== null && draw(canvas, places, chosen)
    })
  }
  addEventListener('resize', schedule)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', schedule)
  return {
    setPlaces: (next) => {
      places = next
      schedule()
    },
    setChosen: (next) => {
      if (next === chosen && isDrawn) return
      chosen = next
      schedule()
    },
  }
}

function draw(canvas: HTMLCanvasElement, places: readonly Place[], chosen: Place | null): boolean {
  const { width, height } = canvas.getBoundingClientRect()
  const context = canvas.getContext('2d')
  if (context === null || width === 0) return false
  const scale = devicePixelRatio
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale)
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale)
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const x = (lon: number): number => ((lon + 180) / 360) * width
  const y = (lat: number): number => ((NORTH - lat) / (NORTH - SOUTH)) * height

  context.strokeStyle = colour('--grid')
  context.lineWidth = 1
  context.beginPath()
  for (let lon = -150; lon <= 150; lon += 30) {
    context.moveTo(Math.round(x(lon)) + 0.5, 0)
    context.lineTo(Math.round(x(lon)) + 0.5, height)
  }
  for (let lat = -30; lat <= 60; lat += 30) {
    context.moveTo(0, Math.round(y(lat)) + 0.5)
    context.lineTo(width, Math.round(y(lat)) + 0.5)
  }
  context.stroke()

  const dot = Math.max(1, width / 620)
  context.fillStyle = colour('--contour')
  context.globalAlpha = 0.75
  for (const place of places) {
    const size = place.population > 2_000_000 ? dot * 1.9 : dot
    context.fillRect(x(place.lon) - size / 2, y(place.lat) - size / 2, size, size)
  }
  context.globalAlpha = 1
  if (chosen !== null) drawMark(context, x(chosen.lon), y(chosen.lat), width, height, colour('--signal'))
  return true
}

/** A survey mark: a ring, and hair lines to the edges of the sheet. */
function drawMark(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
): void {
  context.strokeStyle = colour
  context.lineWidth = 1
  context.globalAlpha = 0.55
  context.beginPath()
  for (const [fromX, fromY, toX, toY] of [
    [0, y, x - 9, y],
    [x + 9, y, width, y],
    [x, 0, x, y - 9],
    [x, y + 9, x, height],
  ] as const) {
    context.moveTo(fromX, fromY)
    context.lineTo(toX, toY)
  }
  context.stroke()
  context.globalAlpha = 1
  context.lineWidth = 2
  context.beginPath()
  context.arc(x, y, 7, 0, Math.PI * 2)
  context.stroke()
  context.fillStyle = colour
  context.beginPath()
  context.arc(x, y, 2.2, 0, Math.PI * 2)
  context.fill()
}
