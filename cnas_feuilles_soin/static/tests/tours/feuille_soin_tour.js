/** @odoo-module **/

import { registry } from "@web/core/registry";

/** L'agent saisit une feuille au clavier et la dépose. */
registry.category("web_tour.tours").add("cnas_feuille_agent", {
    test: true,
    url: "/web#action=cnas_feuilles_soin.feuille_soin_a_trier_action",
    steps: () => [
        { trigger: ".o_list_button_add:visible" },
        { trigger: ".o_field_widget[name=assure_id] input", run: "text ESSAI Mahamat" },
        { trigger: ".o_field_widget[name=assure_id] .dropdown-item:contains('ESSAI Mahamat')" },
        { trigger: ".alert-success:contains('Droits ouverts')", isCheck: true },
        { trigger: ".o_field_widget[name=formation_id] input", run: "text T-CS-01" },
        { trigger: ".o_field_widget[name=formation_id] .dropdown-item:contains('T-CS-01')" },
        { trigger: ".o_field_widget[name=date_soins] input", run: "text 10/11/2026" },
        { trigger: ".o_field_widget[name=diagnostic_saisi_id] input", run: "text X98.8" },
        { trigger: ".o_field_widget[name=diagnostic_saisi_id] .dropdown-item:contains('X98.8')" },
        { trigger: ".o_field_x2many_list_row_add a" },
        { trigger: ".o_selected_row .o_field_widget[name=prestation_id] input", run: "text T-ACT-1" },
        { trigger: ".o_selected_row .o_field_widget[name=prestation_id] .dropdown-item:contains('T-ACT-1')" },
        { trigger: ".o_field_widget[name=ligne_ids] tfoot td:contains('500')", isCheck: true },
        { trigger: "button[name=action_deposer]" },
        { trigger: ".oe_title .o_field_widget[name=numero]:contains('TST-')", isCheck: true },
    ],
});

/** Le contrôleur ouvre sa file et lance le contrôle d'un dossier. */
registry.category("web_tour.tours").add("cnas_feuille_controleur", {
    test: true,
    url: "/web#action=cnas_feuilles_soin.feuille_soin_ma_file_action",
    steps: () => [
        { trigger: ".o_kanban_record:contains('ESSAI Mahamat')" },
        { trigger: "button[name=action_controler]" },
        { trigger: ".o_notebook .nav-link:contains('Suivi')" },
        { trigger: ".o_field_widget[name=passage_ids] td:contains('deposee')", isCheck: true },
    ],
});
