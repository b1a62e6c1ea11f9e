/** @odoo-module */

import { patch } from "@web/core/utils/patch";
import { formatInteger } from "@web/views/fields/formatters";
import { PivotRenderer } from "@web/views/pivot/pivot_renderer";

/** Le franc CFA n'a pas de centime : un tableau croisé n'en montre pas. */
patch(PivotRenderer.prototype, {
    getFormattedValue(cell) {
        const { resModel, measures } = this.model.metaData;
        if (resModel.startsWith("cnas.") && measures[cell.measure].type === "monetary") {
            return formatInteger(Math.round(cell.value || 0));
        }
        return super.getFormattedValue(cell);
    },
});
