/**
 * Lets xterm.js live under a content policy that allows no styles in the text of a page. It makes style elements, and sets styles of characters as
 * attributes, on the document itself whatever it is told. Until the function that this returns is called, style elements that are made write into sheets
 * that are adopted, and such attributes are set as properties.
 */
export function keepStylesStrict(): () => void {
  const sheets = new Set<CSSStyleSheet>();
  const make = document.createElement.bind(document);
  const makeStrict = (name: string, options?: ElementCreationOptions): HTMLElement => {
    if (name === 'style') return makeStyle(make('span'), sheets);
    const element = make(name, options);
    element.setAttribute = (attribute, value) => {
      if (attribute === 'style') element.style.cssText = value;
      else Element.prototype.setAttribute.call(element, attribute, value);
    };
    return element;
  };
  Object.defineProperty(document, 'createElement', { value: makeStrict, configurable: true });
  return () => {
    Reflect.deleteProperty(document, 'createElement');
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.has(sheet));
  };
}

/** Makes an element whose text is the content of an adopted style sheet. */
function makeStyle(element: HTMLElement, sheets: Set<CSSStyleSheet>): HTMLElement {
  const sheet = new CSSStyleSheet();
  sheets.add(sheet);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  element.hidden = true;
  Object.defineProperty(element, 'textContent', {
    set(text: string) {
      sheet.replaceSync(text);
    },
  });
  return element;
}
