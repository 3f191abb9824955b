/** Providers and the map of addresses to screens. */
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createBrowserRouter, Navigate, RouterProvider } from "react-router";
import { ApiError } from "./api/http";
import { keys } from "./api/queries";
import { CustomerCallPage } from "./customer-call/page";
import { CustomersPage } from "./customers/page";
import { TextProvider } from "./i18n/text";
import { InboxPage } from "./inbox/page";
import { NumberPage } from "./settings/number-page";
import { NumbersPage } from "./settings/numbers-page";
import { PhoneSettings } from "./settings/phone-settings";
import { PhonesPage } from "./settings/phones-page";
import { CrashScreen, MissingPage } from "./shell/crash";
import { Shell } from "./shell/shell";
import { SignInPage } from "./sign-in/page";
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

const router = createBrowserRouter([
  { path: "/sign-in", element: <SignInPage />, errorElement: <CrashScreen /> },
  {
    path: "/",
    element: <Shell />,
    errorElement: <CrashScreen />,
    children: [
      { index: true, element: <Navigate to="/inbox" replace /> },
      { path: "inbox/:conversationId?", element: <InboxPage /> },
      { path: "customers/:customerId?", element: <CustomersPage /> },
      { path: "call-as-customer", element: <CustomerCallPage /> },
      { path: "settings", element: <Navigate to="/settings/phone/numbers" replace /> },
      {
        path: "settings/phone",
        element: <PhoneSettings />,
        children: [
          { index: true, element: <Navigate to="/settings/phone/numbers" replace /> },
          { path: "numbers", element: <NumbersPage /> },
          { path: "phones", element: <PhonesPage /> },
        ],
      },
      { path: "settings/phone/numbers/:numberId", element: <NumberPage /> },
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
