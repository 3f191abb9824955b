import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `npm run dev` finds a running server; the built console is served by the server itself. */
const SERVER = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: { target: "es2023", assetsInlineLimit: 0, outDir: "dist", sourcemap: false, chunkSizeWarningLimit: 700 },
  server: {
    proxy: {
      "/api": SERVER,
      "/sip": { target: SERVER, ws: true },
    },
  },
});
