/** The built worklet as text; the build puts it in. */
declare module "inline:worklet" {
  const source: string;
  export default source;
}
