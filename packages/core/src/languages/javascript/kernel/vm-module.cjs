// Modules in memory for Nodes without `module.registerHooks` (before 22.15).
"use strict";
const path = require("path");
const vm = require("vm");
const { dynamicImport } = require("./script.cjs");

/** Compiles, links and runs the code; needs `--experimental-vm-modules`. */
exports.loadWithVm = async function (code, url, filename) {
  const importFrom = new vm.Script("(specifier, options) => import(specifier, options)", {
    filename,
    importModuleDynamically: dynamicImport(filename),
  }).runInThisContext();
  const module = new vm.SourceTextModule(code, {
    identifier: url,
    importModuleDynamically: (specifier) => importFrom(specifier),
    initializeImportMeta(meta) {
      Object.assign(meta, { url, filename, dirname: path.dirname(filename) });
      meta.resolve = (specifier) => new URL(specifier, url).href;
    },
  });
  await module.link(async (specifier, _referrer, extra) => {
    const attributes = extra?.attributes ?? extra?.assert ?? {};
    const options = Object.keys(attributes).length > 0 ? { with: attributes } : undefined;
    return wrap(await importFrom(absolute(specifier, url), options), specifier);
  });
  await module.evaluate();
};

function wrap(namespace, identifier) {
  const names = Object.keys(namespace);
  return new vm.SyntheticModule(
    names,
    function () {
      for (const name of names) this.setExport(name, namespace[name]);
    },
    { identifier },
  );
}

function absolute(specifier, url) {
  return /^\.{0,2}\//.test(specifier) ? new URL(specifier, url).href : specifier;
}
