// What the tests of the npm package get from this folder's packages.

export * as esbuild from "esbuild";
export * as rollup from "rollup";
export { nodeResolve } from "@rollup/plugin-node-resolve";
export * as vite from "vite";
export { default as webpack } from "webpack";
