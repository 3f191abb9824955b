/** The screens of the settings, loaded together. */
export { NumberPage } from "./number-page";
export { NumbersPage } from "./numbers-page";
export { PhoneSettings } from "./phone-settings";
export { PhonesPage } from "./phones-page";
