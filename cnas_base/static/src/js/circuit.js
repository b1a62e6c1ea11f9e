/** @odoo-module */

import { patch } from "@web/core/utils/patch";
import { GraphModel } from "@web/views/graph/graph_model";

/** Un graphe empile les états dans l'ordre du circuit, pas dans celui où les mois les amènent. */
patch(GraphModel.prototype, {
    _getData(dataPoints) {
        const donnees = super._getData(dataPoints);
        const { fields, groupBy, mode, resModel } = this.metaData;
        const champ = groupBy.length === 2 && fields[groupBy[1].fieldName];
        if (mode !== "pie" && champ && champ.type === "selection" && resModel.startsWith("cnas.")) {
            const noms = champ.selection.map(([_cle, nom]) => nom);
            const rang = ({ label, originIndex }) => originIndex * (noms.length + 1) + noms.findIndex((nom) => label === nom || label.endsWith(` / ${nom}`));
            donnees.datasets.sort((un, deux) => rang(un) - rang(deux));
        }
        return donnees;
    },
});
