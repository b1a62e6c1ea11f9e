/** @odoo-module */

import * as spreadsheet from "@odoo/o-spreadsheet";

/** Les graphes des tableaux de bord aux couleurs de la caisse. */
const COULEURS = ["#0B7A4B", "#E0A530", "#2E6F95", "#7FB79B", "#8A6FB0", "#E8CF9A", "#5B6B62", "#B3261E"];

spreadsheet.helpers.ChartColors.prototype.next = function () {
    return COULEURS[this.graphColorIndex++ % COULEURS.length];
};
