/** @odoo-module */

import { registry } from "@web/core/registry";
import { DateTimeField, dateField } from "@web/views/fields/datetime/datetime_field";
import { FloatField, floatField } from "@web/views/fields/float/float_field";

/** Une période est un mois : « octobre 2026 », pas son premier jour. */
class Mois extends DateTimeField {
    getFormattedValue(rang) {
        const jour = this.values[rang];
        return jour ? jour.toFormat("LLLL yyyy") : "";
    }
}

/** Un taux se lit « 3,5 % », sans décimales inutiles. */
class Pourcent extends FloatField {
    get formattedValue() {
        if (!this.props.readonly) {
            return super.formattedValue;
        }
        return `${(this.value || 0).toLocaleString("fr-FR", { maximumFractionDigits: 2 })}\u00a0%`;
    }
}

registry.category("fields").add("cnas_mois", { ...dateField, component: Mois });
registry.category("fields").add("cnas_pourcent", { ...floatField, component: Pourcent });
