/** @odoo-module */

import { localizationService } from "@web/core/l10n/localization_service";
import { patch } from "@web/core/utils/patch";

/** En arabe aussi, les dates s'écrivent avec les chiffres d'usage au Tchad, 0 à 9 : ceux des numéros et des montants. */
patch(localizationService, {
    async start() {
        const localisation = await super.start(...arguments);
        luxon.Settings.defaultNumberingSystem = "latn";
        return localisation;
    },
});
