/**
 * A tiny renderer: a view is a function that returns a description of elements; {@link render} changes the page only where the
 * description changed, so focus, selection, scrolling and half-typed text survive. Text is set as text, never as markup.
 */

/** What an element is described with. Handlers are named `on<event>`; booleans set or remove an attribute; `key` names list entries. */
export type Attributes = Readonly<Record<string, AttributeValue>>
type AttributeValue = string | number | boolean | null | undefined | ((event: never) => void)

/** The description of an element. */
export interface VNode {
  readonly tag: string
  readonly attributes: Attributes
  readonly children: readonly (VNode | string)[]
}

/** What may stand among children: nothing is drawn for null, undefined and false. */
export type Child = VNode | string | number | null | undefined | false | readonly Child[]

const SVG = 'http://www.w3.org/2000/svg'
const keyOf: WeakMap<Node, string> = new WeakMap()
const drawnOf: WeakMap<Node, VNode> = new WeakMap()
const handlersOf: WeakMap<Element, Map<string, (event: never) => void>> = new WeakMap()

/** Describes an element. */
export function h(tag: string, attributes: Attributes = {}, ...children: readonly Child[]): VNode {
  return { tag, attributes, children: flatten(children) }
}

/** Makes the content of `parent` what is described. */
export function render(parent: Element, ...children: readonly Child[]): void {
  patchChildren(parent, flatten(children))
}

/** Remembers descriptions by name: as long as what one depends on is the same, the same one is drawn, and that costs nothing. */
export function createMemo(): (name: string, dependsOn: readonly unknown[], describe: () => VNode) => VNode {
  const known = new Map<string, { readonly dependsOn: readonly unknown[]; readonly node: VNode }>()
  return (name, dependsOn, describe) => {
    const last = known.get(name)
    if (last !== undefined && last.dependsOn.every((value, index) => value === dependsOn[index])) return last.node
    const node = describe()
    known.set(name, { dependsOn, node })
    return node
  }
}

function flatten(children: readonly Child[]): (VNode | string)[] {
  const flat: (VNode | string)[] = []
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue
    if (Array.isArray(child)) flat.push(...flatten(child as readonly Child[]))
    else flat.push(typeof child === 'number' ? String(child) : (child as VNode | string))
  }
  return flat
}

function patchChildren(parent: Element, wanted: readonly (VNode | string)[]): void {
  const byKey = new Map<string, ChildNode>()
  const unkeyed: ChildNode[] = []
  for (const node of parent.childNodes) {
    const key = keyOf.get(node)
    if (key === undefined) unkeyed.push(node)
    else byKey.set(key, node)
  }
  const matched = wanted.map((child) => takeOld(child, byKey, unkeyed))
  // First out with what is not wanted: then nothing that stays must be moved past it, for moving the focused element would blur it.
  const kept = new Set(matched)
  const stale = Array.from(parent.childNodes).filter((node) => !kept.has(node))
  for (const node of stale) node.remove()
  let position: ChildNode | null = parent.firstChild
  for (const [index, child] of wanted.entries()) {
    const node = patchNode(matched[index] ?? null, child, parent)
    if (node === position) position = position.nextSibling
    else parent.insertBefore(node, position)
  }
}

function takeOld(child: VNode | string, byKey: Map<string, ChildNode>, unkeyed: ChildNode[]): ChildNode | null {
  if (typeof child !== 'string' && typeof child.attributes['key'] === 'string') {
    const node = byKey.get(child.attributes['key'])
    if (node === undefined || !isFor(node, child)) return null
    // Taken: the same key a second time, a fault of the view, gets a node of its own.
    byKey.delete(child.attributes['key'])
    return node
  }
  const index = unkeyed.findIndex((node) => isFor(node, child))
  return index < 0 ? null : (unkeyed.splice(index, 1)[0] as ChildNode)
}

function isFor(node: ChildNode, child: VNode | string): boolean {
  if (typeof child === 'string') return node.nodeType === Node.TEXT_NODE
  return node instanceof Element && node.tagName.toLowerCase() === child.tag.toLowerCase()
}

function patchNode(old: ChildNode | null, child: VNode | string, parent: Element): ChildNode {
  if (typeof child === 'string') {
    if (old === null) return document.createTextNode(child)
    if (old.textContent !== child) old.textContent = child
    return old
  }
  if (old !== null && drawnOf.get(old) === child) return old
  const element = old === null ? createElement(child, parent) : (old as Element)
  drawnOf.set(element, child)
  patchAttributes(element, child.attributes)
  if (child.attributes['unmanaged'] !== true) patchChildren(element, child.children)
  // A select's value is only there once its options are.
  if (child.tag === 'select') setProperty(element, 'value', child.attributes['value'])
  return element
}

function createElement(child: VNode, parent: Element): Element {
  const isSvg = child.tag === 'svg' || (parent.namespaceURI === SVG && parent.tagName !== 'foreignObject')
  const element = isSvg ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag)
  const { key } = child.attributes
  if (typeof key === 'string') keyOf.set(element, key)
  return element
}

function patchAttributes(element: Element, attributes: Attributes): void {
  // Whoever draws into an unmanaged element sets attributes of their own, e.g. a canvas its size.
  if (attributes['unmanaged'] !== true) {
    for (const name of element.getAttributeNames()) if (!Object.hasOwn(attributes, name)) element.removeAttribute(name)
  }
  patchHandlers(element, attributes)
  for (const name of Object.keys(attributes)) {
    const value = attributes[name]
    if (name === 'key' || name === 'unmanaged' || typeof value === 'function') continue
    if (name === 'value' || name === 'checked') setProperty(element, name, value)
    else setAttribute(element, name, value)
  }
}

function setAttribute(element: Element, name: string, value: AttributeValue): void {
  // ARIA says «false» aloud; every other attribute is there or not.
  const isStated = typeof value === 'boolean' && name.startsWith('aria-')
  if (value === null || value === undefined || (value === false && !isStated)) {
    element.removeAttribute(name)
    return
  }
  const wanted = value === true && !isStated ? '' : String(value)
  if (element.getAttribute(name) !== wanted) element.setAttribute(name, wanted)
}

function setProperty(element: Element, name: string, value: AttributeValue): void {
  const target = element as unknown as Record<string, unknown>
  if (value !== undefined && target[name] !== value) target[name] = value
}

function patchHandlers(element: Element, attributes: Attributes): void {
  let handlers = handlersOf.get(element)
  for (const name of Object.keys(attributes)) {
    const handler = attributes[name]
    if (typeof handler !== 'function') continue
    handlers ??= new Map()
    handlersOf.set(element, handlers)
    const event = name.slice(2)
    if (!handlers.has(event)) {
      element.addEventListener(event, (happened) => handlersOf.get(element)?.get(event)?.(happened as never))
    }
    handlers.set(event, handler)
  }
  if (handlers === undefined) return
  for (const event of handlers.keys()) {
    if (typeof attributes[`on${event}`] !== 'function') handlers.set(event, () => undefined)
  }
}
