/** Providers and the map of addresses to screens. */
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { createBrowserRouter, Navigate, RouterProvider } from "react-router";
import { ApiError } from "./api/problem";
import { keys } from "./api/queries";
import { TextProvider } from "./i18n/text";
import { CrashScreen, MissingPage } from "./shell/crash";
import { ToastProvider } from "./ui/toast";

/** A 401 anywhere means that the login session ended: forget who was signed in. */
function onProblem(problem: unknown) {
  if (problem instanceof ApiError && problem.status === 401) void client.invalidateQueries({ queryKey: keys.me });
}

const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (problem, query) => {
      if (query.queryKey[0] !== keys.me[0]) onProblem(problem);
    },
  }),
  mutationCache: new MutationCache({ onError: onProblem }),
  defaultOptions: {
    queries: {
      // Server-sent events keep what is loaded true; no need to ask again all the time.
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (count, problem) => count < 2 && !(problem instanceof ApiError && problem.status >= 400 && problem.status < 500),
    },
  },
});

// Each screen is loaded when it is first opened; the sign-in page carries none of the others.
const page = <T extends string>(load: () => Promise<Record<T, ComponentType>>, name: T) => ({
  Component: async () => (await load())[name],
});
const settings = () => import("./settings/pages");

const router = createBrowserRouter([
  { path: "/sign-in", lazy: page(() => import("./sign-in/page"), "SignInPage"), errorElement: <CrashScreen /> },
  {
    path: "/",
    HydrateFallback: () => null,
    lazy: page(() => import("./shell/shell"), "Shell"),
    errorElement: <CrashScreen />,
    children: [
      { index: true, element: <Navigate to="/inbox" replace /> },
      { path: "inbox/:conversationId?", lazy: page(() => import("./inbox/page"), "InboxPage") },
      { path: "customers/:customerId?", lazy: page(() => import("./customers/page"), "CustomersPage") },
      { path: "call-as-customer", lazy: page(() => import("./customer-call/page"), "CustomerCallPage") },
      { path: "settings", element: <Navigate to="/settings/phone/numbers" replace /> },
      {
        path: "settings/phone",
        lazy: page(settings, "PhoneSettings"),
        children: [
          { index: true, element: <Navigate to="/settings/phone/numbers" replace /> },
          { path: "numbers", lazy: page(settings, "NumbersPage") },
          { path: "phones", lazy: page(settings, "PhonesPage") },
        ],
      },
      { path: "settings/phone/numbers/:numberId", lazy: page(settings, "NumberPage") },
      { path: "*", element: <MissingPage /> },
    ],
  },
]);

export function App() {
  return (
    <QueryClientProvider client={client}>
      <TextProvider>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </TextProvider>
    </QueryClientProvider>
  );
}
