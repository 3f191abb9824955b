import "pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css";
import "./styles/layers.css";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { applyTheme } from "./ui/theme";

applyTheme();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
