/** @odoo-module */

import { registry } from "@web/core/registry";
import { CharField, charField } from "@web/views/fields/char/char_field";

/** Nom de la mère d'un enfant : propose les femmes de la famille, même celles qui ne sont pas encore enregistrées. */
export class MereField extends CharField {
    static template = "cnas_assures.MereField";

    get meres() {
        const parent = this.props.record._parentRecord;
        const lignes = parent?.data.ayant_droit_ids?.records.map((ligne) => ligne.data) || [];
        const femmes = lignes.filter((membre) => membre.lien === "conjoint" && membre.genre === "feminin");
        if (parent?.data.genre === "feminin") {
            femmes.unshift(parent.data);
        }
        const noms = femmes.map((femme) => [femme.nom, femme.prenom].filter(Boolean).join(" "));
        return [...new Set(noms.filter(Boolean))];
    }
}

registry.category("fields").add("cnas_mere", { ...charField, component: MereField });
